SELECT "keep_audit"('evacuations', 'evacuation', 'total', 'moved', 'failed', 'reason', 'started_at', 'finished_at');
