-- AlterTable
ALTER TABLE "servers" ADD COLUMN "agent_version" TEXT;

-- A VPN server that was never activated has no history to keep: its row goes.
GRANT DELETE ON "servers" TO "cvault_operator", "cvault_jobs";
