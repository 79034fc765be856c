SELECT "keep_audit"('pools', 'pool', 'created_at');
