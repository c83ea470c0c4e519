-- Events that an app's own ones replaced are counted in a series beside the counted one: source is 'replaced' there, else ''.
alter table series add column source text not null default '';
alter table series drop constraint series_app_id_product_sli_grp_target_key;
alter table series add constraint series_key unique (app_id, product, sli, grp, target, source);
