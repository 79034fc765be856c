-- Whose word for a user's identity a tenant takes is of interest, too.
SELECT "keep_audit"('identity_providers', 'identity_provider');
