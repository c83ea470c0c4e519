-- Synthetic tests of several partners that started failing on a product (SPEC section 2), and which partners were told.
create table failing_together (
    product   text primary key,
    last_seen bigint not null, -- minutes since 1970
    told      jsonb not null
);
