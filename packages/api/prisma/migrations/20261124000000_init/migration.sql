-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "tenant_state" AS ENUM ('active', 'suspended', 'deleting');

-- CreateEnum
CREATE TYPE "user_state" AS ENUM ('active', 'suspended');

-- CreateEnum
CREATE TYPE "api_key_mode" AS ENUM ('live', 'test');

-- CreateEnum
CREATE TYPE "server_state" AS ENUM ('provisioning', 'active', 'disabled', 'removing', 'removed');

-- CreateEnum
CREATE TYPE "server_transport" AS ENUM ('ssh', 'local', 'memory');

-- CreateEnum
CREATE TYPE "device_state" AS ENUM ('live', 'suspended', 'failed', 'deleted');

-- CreateEnum
CREATE TYPE "lease_state" AS ENUM ('free', 'held', 'draining', 'quarantine');

-- CreateEnum
CREATE TYPE "session_state" AS ENUM ('ACTIVE', 'CLOSED');

-- CreateTable
CREATE TABLE "tenants" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "state" "tenant_state" NOT NULL DEFAULT 'active',
    "device_count" INTEGER NOT NULL DEFAULT 0,
    "device_limit" INTEGER NOT NULL DEFAULT 100000,
    "password_length_min" INTEGER NOT NULL DEFAULT 12,
    "auth_rate_limit" INTEGER NOT NULL DEFAULT 100,
    "auth_rate_window_seconds" INTEGER NOT NULL DEFAULT 900,
    "dns" INET[] DEFAULT ARRAY['1.1.1.1', '8.8.8.8']::INET[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tenants_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "mode" "api_key_mode" NOT NULL,
    "prefix" TEXT NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tenant_users" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "state" "user_state" NOT NULL DEFAULT 'active',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tenant_users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sign_ins" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "sign_ins_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "refresh_tokens" (
    "token_hash" BYTEA NOT NULL,
    "tenant_id" UUID NOT NULL,
    "sign_in_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "refresh_tokens_pkey" PRIMARY KEY ("token_hash")
);

-- CreateTable
CREATE TABLE "servers" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "state" "server_state" NOT NULL DEFAULT 'provisioning',
    "transport" "server_transport" NOT NULL,
    "endpoint_host" INET NOT NULL,
    "endpoint_port" INTEGER NOT NULL,
    "interface_name" TEXT NOT NULL,
    "public_key" BYTEA,
    "netns" TEXT,
    "ssh_host" TEXT,
    "ssh_port" INTEGER,
    "ssh_user" TEXT,
    "ssh_host_keys" TEXT[],
    "ssh_private_key" BYTEA,
    "epoch" TEXT,
    "last_contact_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "servers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pools" (
    "id" UUID NOT NULL,
    "server_id" UUID NOT NULL,
    "cidr" INET NOT NULL,
    "gateway" INET NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pools_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ip_pool" (
    "server_id" UUID NOT NULL,
    "address" INET NOT NULL,
    "pool_id" UUID NOT NULL,
    "state" "lease_state" NOT NULL DEFAULT 'free',
    "tenant_id" UUID,
    "device_id" UUID,
    "free_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ip_pool_pkey" PRIMARY KEY ("server_id","address")
);

-- CreateTable
CREATE TABLE "devices" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "server_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "state" "device_state" NOT NULL DEFAULT 'live',
    "generation" BIGINT NOT NULL DEFAULT 1,
    "applied_generation" BIGINT NOT NULL DEFAULT 0,
    "applied_epoch" TEXT,
    "failure" TEXT,
    "public_key" BYTEA NOT NULL,
    "private_key" BYTEA,
    "assigned_ip" INET NOT NULL,
    "last_connected_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "removed_at" TIMESTAMPTZ(3),

    CONSTRAINT "devices_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "public_keys" (
    "key_hash" BYTEA NOT NULL,
    "tenant_id" UUID,
    "device_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "public_keys_pkey" PRIMARY KEY ("key_hash")
);

-- CreateTable
CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "tenant_id" UUID NOT NULL,
    "server_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "generation" BIGINT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "not_before" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "state" "session_state" NOT NULL DEFAULT 'ACTIVE',
    "connected_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "tenants_name_key" ON "tenants"("name");

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_key_hash_key" ON "api_keys"("key_hash");

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_tenant_id_id_key" ON "api_keys"("tenant_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "tenant_users_tenant_id_id_key" ON "tenant_users"("tenant_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "tenant_users_tenant_id_email_key" ON "tenant_users"("tenant_id", "email");

-- CreateIndex
CREATE INDEX "sign_ins_tenant_id_user_id_idx" ON "sign_ins"("tenant_id", "user_id");

-- CreateIndex
CREATE UNIQUE INDEX "sign_ins_tenant_id_id_key" ON "sign_ins"("tenant_id", "id");

-- CreateIndex
CREATE INDEX "refresh_tokens_tenant_id_sign_in_id_idx" ON "refresh_tokens"("tenant_id", "sign_in_id");

-- CreateIndex
CREATE UNIQUE INDEX "pools_server_id_id_key" ON "pools"("server_id", "id");

-- CreateIndex
CREATE INDEX "ip_pool_server_id_pool_id_idx" ON "ip_pool"("server_id", "pool_id");

-- CreateIndex
CREATE UNIQUE INDEX "ip_pool_tenant_id_device_id_key" ON "ip_pool"("tenant_id", "device_id");

-- CreateIndex
CREATE INDEX "devices_tenant_id_user_id_created_at_id_idx" ON "devices"("tenant_id", "user_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "devices_tenant_id_id_key" ON "devices"("tenant_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "public_keys_device_id_key" ON "public_keys"("device_id");

-- CreateIndex
CREATE INDEX "outbox_server_id_not_before_idx" ON "outbox"("server_id", "not_before");

-- CreateIndex
CREATE INDEX "outbox_device_id_idx" ON "outbox"("device_id");

-- CreateIndex
CREATE INDEX "sessions_tenant_id_device_id_connected_at_idx" ON "sessions"("tenant_id", "device_id", "connected_at");

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tenant_users" ADD CONSTRAINT "tenant_users_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sign_ins" ADD CONSTRAINT "sign_ins_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "tenant_users"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_tenant_id_sign_in_id_fkey" FOREIGN KEY ("tenant_id", "sign_in_id") REFERENCES "sign_ins"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pools" ADD CONSTRAINT "pools_server_id_fkey" FOREIGN KEY ("server_id") REFERENCES "servers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ip_pool" ADD CONSTRAINT "ip_pool_server_id_fkey" FOREIGN KEY ("server_id") REFERENCES "servers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ip_pool" ADD CONSTRAINT "ip_pool_server_id_pool_id_fkey" FOREIGN KEY ("server_id", "pool_id") REFERENCES "pools"("server_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ip_pool" ADD CONSTRAINT "ip_pool_tenant_id_device_id_fkey" FOREIGN KEY ("tenant_id", "device_id") REFERENCES "devices"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "devices" ADD CONSTRAINT "devices_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "tenant_users"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "devices" ADD CONSTRAINT "devices_server_id_fkey" FOREIGN KEY ("server_id") REFERENCES "servers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_tenant_id_device_id_fkey" FOREIGN KEY ("tenant_id", "device_id") REFERENCES "devices"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_tenant_id_device_id_fkey" FOREIGN KEY ("tenant_id", "device_id") REFERENCES "devices"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema language cannot say ---------------------------------------------------------------------------

-- Quotas are exact because the row itself refuses to go over: no count, no lock held by us, no race.
ALTER TABLE "tenants"
  ADD CONSTRAINT "tenants_device_limit" CHECK ("device_count" BETWEEN 0 AND "device_limit"),
  ADD CONSTRAINT "tenants_password_length" CHECK ("password_length_min" BETWEEN 8 AND 256),
  ADD CONSTRAINT "tenants_auth_rate" CHECK ("auth_rate_limit" > 0 AND "auth_rate_window_seconds" > 0);

ALTER TABLE "tenant_users" ADD CONSTRAINT "tenant_users_email_lower" CHECK ("email" = lower("email"));

ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_hash" CHECK (octet_length("key_hash") = 32);
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_hash" CHECK (octet_length("token_hash") = 32);
ALTER TABLE "public_keys" ADD CONSTRAINT "public_keys_hash" CHECK (octet_length("key_hash") = 32);

-- A removed VPN server stays as the history of its devices; its name is free again.
CREATE UNIQUE INDEX "servers_name" ON "servers" ("name") WHERE "state" <> 'removed';

ALTER TABLE "servers"
  ADD CONSTRAINT "servers_public_key" CHECK (octet_length("public_key") = 32),
  -- A VPN server that devices are placed on must be able to give them its key.
  ADD CONSTRAINT "servers_active_has_key" CHECK ("state" <> 'active' OR "public_key" IS NOT NULL),
  ADD CONSTRAINT "servers_ports" CHECK ("endpoint_port" BETWEEN 1 AND 65535 AND "ssh_port" BETWEEN 1 AND 65535),
  ADD CONSTRAINT "servers_ssh" CHECK (
    ("transport" = 'ssh') = ("ssh_host" IS NOT NULL)
    AND ("transport" = 'ssh') = ("ssh_port" IS NOT NULL)
    AND ("transport" = 'ssh') = ("ssh_user" IS NOT NULL)
    AND ("transport" = 'ssh' AND "state" <> 'removed') = ("ssh_private_key" IS NOT NULL)
  ),
  -- No connection without a pinned host key.
  ADD CONSTRAINT "servers_pinned" CHECK ("transport" <> 'ssh' OR "state" <> 'active' OR cardinality("ssh_host_keys") > 0);

ALTER TABLE "pools"
  ADD CONSTRAINT "pools_canonical" CHECK ("cidr" = network("cidr")::inet),
  ADD CONSTRAINT "pools_gateway" CHECK ("gateway" << "cidr" AND masklen("gateway") = (CASE family("gateway") WHEN 4 THEN 32 ELSE 128 END));

ALTER TABLE "ip_pool"
  ADD CONSTRAINT "ip_pool_holder" CHECK (
    ("state" IN ('held', 'draining')) = ("device_id" IS NOT NULL) AND ("device_id" IS NULL) = ("tenant_id" IS NULL)
  );

-- The next address to give out: the longest unused first. Only what can be given out is in the index, so a lease costs
-- the same in a full pool as in an empty one.
CREATE INDEX "ip_pool_next" ON "ip_pool" ("server_id", "free_after", "address") WHERE "state" IN ('free', 'quarantine');

ALTER TABLE "devices"
  ADD CONSTRAINT "devices_public_key" CHECK (octet_length("public_key") = 32),
  ADD CONSTRAINT "devices_generations" CHECK ("generation" >= 1 AND "applied_generation" BETWEEN 0 AND "generation"),
  ADD CONSTRAINT "devices_failure" CHECK (("state" = 'failed') <= ("failure" IS NOT NULL)),
  -- Removed means: deleted, acknowledged, and no private key kept.
  ADD CONSTRAINT "devices_removed" CHECK ("removed_at" IS NULL OR ("state" = 'deleted' AND "private_key" IS NULL));

-- One device per public key over all tenants, and one per address of a VPN server, for as long as anything of it may
-- still be on the interface.
CREATE UNIQUE INDEX "devices_live_public_key" ON "devices" ("public_key") WHERE "removed_at" IS NULL;
CREATE UNIQUE INDEX "devices_live_address" ON "devices" ("server_id", "assigned_ip") WHERE "removed_at" IS NULL;

ALTER TABLE "sessions"
  ADD CONSTRAINT "sessions_closed" CHECK (("state" = 'CLOSED') = ("closed_at" IS NOT NULL));

CREATE UNIQUE INDEX "sessions_one_active" ON "sessions" ("device_id") WHERE "state" = 'ACTIVE';
