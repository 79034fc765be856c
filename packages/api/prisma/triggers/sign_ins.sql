-- Every refresh prolongs a sign-in, and a job deletes it when it is over: neither is an act.
CREATE OR REPLACE TRIGGER "audit" AFTER INSERT ON "sign_ins" FOR EACH ROW EXECUTE FUNCTION "audit_change"('sign_in');

CREATE OR REPLACE TRIGGER "audit_update" AFTER UPDATE OF "revoked_at" ON "sign_ins" FOR EACH ROW EXECUTE FUNCTION "audit_change"('sign_in', 'expires_at');
