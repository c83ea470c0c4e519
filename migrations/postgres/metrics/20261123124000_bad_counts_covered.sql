-- The evaluation asks which series have bad events; the answer is in the index, without a look at each row.
drop index count_minute_bad;
create index count_minute_bad on count_minute (minute, series_id, bad) where bad > 0;
drop index count_hour_bad;
create index count_hour_bad on count_hour (hour, series_id, bad) where bad > 0;
