SELECT "keep_audit"('webhook_endpoints', 'webhook_endpoint', 'failing_since');
