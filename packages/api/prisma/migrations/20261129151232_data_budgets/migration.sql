-- AlterTable
ALTER TABLE "usage_periods" ADD COLUMN     "cut_limit_bytes" BIGINT,
ADD COLUMN     "grants" INTEGER NOT NULL DEFAULT 0;

ALTER TABLE "usage_periods" ADD CONSTRAINT "usage_periods_grants" CHECK ("grants" >= 0 AND "cut_limit_bytes" >= 0);

-- A limit that is raised and reached again in the same period is told again.
CREATE TRIGGER "usage_warnings_emit_again" AFTER UPDATE OF "limit_bytes" ON "usage_warnings" FOR EACH ROW
  WHEN (NEW."limit_bytes" > OLD."limit_bytes") EXECUTE FUNCTION "emit_limit_events"();
