CREATE OR REPLACE TRIGGER "audit_chains_go_on" BEFORE UPDATE ON "audit_chains" FOR EACH ROW EXECUTE FUNCTION "check_audit_chain"();
