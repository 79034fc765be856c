SELECT "keep_audit"('second_factors', 'second_factor', 'last_step');
