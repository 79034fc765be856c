-- What an agent says of its host, and what happened to VPN servers, for the operator.

-- AlterTable
ALTER TABLE "servers" ADD COLUMN     "degraded_reasons" JSONB NOT NULL DEFAULT '[]',
ADD COLUMN     "degraded_since" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "server_events" (
    "id" BIGSERIAL NOT NULL,
    "server_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "type" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "epoch" TEXT,
    "number" INTEGER,

    CONSTRAINT "server_events_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "server_events_at_idx" ON "server_events"("at");

-- CreateIndex
CREATE UNIQUE INDEX "server_events_server_id_epoch_number_key" ON "server_events"("server_id", "epoch", "number");

-- AddForeignKey
ALTER TABLE "server_events" ADD CONSTRAINT "server_events_server_id_fkey" FOREIGN KEY ("server_id") REFERENCES "servers"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "server_events" ADD CONSTRAINT "server_events_type" CHECK ("type" IN (
  'server.unreachable', 'server.recovered', 'server.degraded', 'server.restored', 'server.mended'
));
SELECT "keep_audit"('servers', 'server', 'epoch', 'last_contact_at', 'look_after', 'drift_found', 'drift_found_at', 'addresses', 'free_addresses', 'unreachable_since', 'degraded_since', 'degraded_reasons');

GRANT SELECT ("degraded_since") ON "servers" TO "cvault_api";
GRANT SELECT ON "server_events" TO "cvault_operator";
-- Deleting by time reads it.
GRANT SELECT, INSERT, DELETE ON "server_events" TO "cvault_jobs";
-- Of what it conflicts with, INSERT … ON CONFLICT and RETURNING read these columns.
GRANT INSERT, SELECT ON "server_events" TO "cvault_links";
GRANT USAGE ON SEQUENCE "server_events_id_seq" TO "cvault_links", "cvault_jobs";
