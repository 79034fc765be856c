SELECT "keep_audit"('sign_in_settings', 'sign_in_settings');
