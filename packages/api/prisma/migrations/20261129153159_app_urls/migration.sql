-- A line end in the address of a tenant's app put the tenant's words into the platform's mails. URL parsers drop such characters,
-- so links lead to the same pages without them.
UPDATE "sign_in_settings" SET "app_url" = regexp_replace("app_url", '[\u0001-\u0020\u007F-\u00A0\u2028\u2029]', '', 'g')
WHERE "app_url" ~ '[\u0001-\u0020\u007F-\u00A0\u2028\u2029]';
ALTER TABLE "sign_in_settings" ADD CONSTRAINT "sign_in_settings_app_url"
  CHECK ("app_url" !~ '[\u0001-\u0020\u007F-\u00A0\u2028\u2029]');
