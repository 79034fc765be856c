-- CreateTable
CREATE TABLE "applied_functions" (
    "hash" TEXT NOT NULL,
    "applied_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "applied_functions_pkey" PRIMARY KEY ("hash")
);
