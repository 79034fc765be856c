SELECT "keep_audit"('api_keys', 'api_key', 'last_used_at', 'parent_id');
