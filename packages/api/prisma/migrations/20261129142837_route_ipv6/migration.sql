-- AlterTable
ALTER TABLE "tenants" ADD COLUMN     "route_ipv6" BOOLEAN NOT NULL DEFAULT true;

-- A tenant decides it for itself, as it does its routes.
GRANT UPDATE ("route_ipv6") ON "tenants" TO "cvault_api";
