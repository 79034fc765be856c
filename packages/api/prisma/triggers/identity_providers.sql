SELECT "keep_audit"('identity_providers', 'identity_provider');
