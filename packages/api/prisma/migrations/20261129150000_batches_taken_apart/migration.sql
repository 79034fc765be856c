-- Periodic work leaves a batch of devices that fails to changes of its single users.
GRANT INSERT ON "plan_changes" TO cvault_jobs, cvault_metering;
GRANT USAGE ON SEQUENCE "plan_changes_id_seq" TO cvault_jobs, cvault_metering;
