-- An endpoint always has its list of events: an empty one means all. Prisma's lists say nothing of null.
ALTER TABLE "webhook_endpoints" ALTER COLUMN "events" SET NOT NULL;
