SELECT "keep_audit"('signing_keys', 'signing_key', 'signs_from');
