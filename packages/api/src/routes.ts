import { type ApiKeyService, apiKeyRoutes, tenantApiKeyRoutes } from './api-keys/index.ts';
import { type AuditService, auditRoutes, tenantAuditRoutes } from './audit/index.ts';
import {
  type DeviceDirectory,
  type DeviceService,
  deviceRoutes,
  tenantDeviceRoutes,
} from './devices/index.ts';
import { type Doctor, doctorRoutes } from './doctor/index.ts';
import {
  type IdentityProviderService,
  type TokenExchange,
  identityProviderRoutes,
  tokenRoutes,
} from './identity-providers/index.ts';
import { type LocationStore, locationRoutes } from './locations/index.ts';
import { type RecoveryService, linkRoutes } from './mail-links/index.ts';
import { type MasterKeyRotation, masterKeyRoutes } from './master-key/index.ts';
import type { Clock } from './platform/clock.ts';
import { type PrivacyService, privacyRoutes } from './privacy/index.ts';
import { type SecondFactorService, secondFactorRoutes } from './second-factors/index.ts';
import {
  type ServerEventStore,
  type ServerHealthService,
  type ServerService,
  type ServerStatusService,
  serverEventRoutes,
  serverHealthRoutes,
  serverRoutes,
} from './servers/index.ts';
import {
  type SessionService,
  ownSessionRoutes,
  sessionRoutes,
  tenantSessionRoutes,
  vpnRoutes,
} from './sessions/index.ts';
import {
  type AccountService,
  type SignInSettingsStore,
  type UserService,
  accountRoutes,
  authRoutes,
  signInSettingsRoutes,
} from './sign-in/index.ts';
import { type SigningKeys, publishedKeyRoutes, signingKeyRoutes } from './signing-keys/index.ts';
import { type TenantService, settingsRoutes, tenantRoutes } from './tenants/index.ts';
import { type UsageService, adminUsageRoutes, ownUsageRoutes, usageRoutes } from './usage/index.ts';
import { type PlanService, userLimitRoutes } from './user-limits/index.ts';
import { type UserDirectory, meRoutes, tenantUserRoutes } from './users/index.ts';
import { type WebhookService, webhookRoutes } from './webhooks/index.ts';
import type { FastifyInstance } from 'fastify';
import { type HealthOptions, healthRoutes } from './health/index.ts';
import { type JobRoutesOptions, jobRoutes } from './platform/jobs/routes.ts';
import { type MetricsOptions, metricsRoutes } from './metrics/index.ts';

/** The services that the routes use. */
export interface Services {
  readonly health: HealthOptions;
  readonly users: UserService;
  readonly accounts: AccountService;
  readonly recovery: RecoveryService;
  readonly identityProviders: IdentityProviderService;
  readonly tokenExchange: TokenExchange;
  readonly secondFactor: SecondFactorService;
  readonly signInSettings: SignInSettingsStore;
  readonly signingKeys: SigningKeys;
  readonly devices: DeviceService;
  readonly sessions: SessionService;
  readonly serverStatus: ServerStatusService;
  readonly clock: Clock;
  readonly tenants: TenantService;
  /** A tenant's access to its own settings. */
  readonly ownTenants: TenantService;
  readonly apiKeys: ApiKeyService;
  readonly userDirectory: UserDirectory;
  readonly deviceDirectory: DeviceDirectory;
  readonly operatorApiKeys: ApiKeyService;
  readonly servers: ServerService;
  readonly plans: PlanService;
  readonly doctor: Doctor;
  readonly locations: LocationStore;
  readonly usage: UsageService;
  /** The following with the operator's rights, for any tenant. */
  readonly audit: AuditService;
  readonly operatorAudit: AuditService;
  readonly operatorUsage: UsageService;
  readonly operatorSessions: SessionService;
  readonly serverHealth: ServerHealthService;
  readonly serverEvents: ServerEventStore;
  readonly metrics: MetricsOptions['metrics'];
  readonly webhooks: WebhookService;
  readonly masterKey: MasterKeyRotation;
  readonly privacy: PrivacyService;
  readonly jobs: JobRoutesOptions['jobs'];
}

/** For tenants and their users. */
const API = '/api/v1';
/** For a tenant's backend, with an API key only. */
const TENANT = '/api/v1/tenant';
/** For the operator. */
const ADMIN = '/api/v1/admin';

/** Registers all routes of the API. */
export function registerRoutes(app: FastifyInstance, services: Services): void {
  const { health, users, devices, sessions, serverStatus, clock, tenants, servers, plans, usage } = services;
  void app.register(healthRoutes, health);
  void app.register(authRoutes, { prefix: API, users });
  void app.register(meRoutes, { prefix: API });
  void app.register(accountRoutes, { prefix: API, accounts: services.accounts });
  void app.register(linkRoutes, { prefix: API, recovery: services.recovery });
  void app.register(secondFactorRoutes, { prefix: API, secondFactor: services.secondFactor });
  void app.register(identityProviderRoutes, { prefix: API, providers: services.identityProviders });
  void app.register(tokenRoutes, { prefix: API, tokenExchange: services.tokenExchange });
  void app.register(signInSettingsRoutes, { prefix: API, settings: services.signInSettings });
  void app.register(publishedKeyRoutes, { prefix: API, signingKeys: services.signingKeys });
  void app.register(signingKeyRoutes, { prefix: ADMIN, signingKeys: services.signingKeys });
  void app.register(deviceRoutes, { prefix: API, devices });
  void app.register(locationRoutes, { prefix: API, locations: services.locations });
  void app.register(vpnRoutes, { prefix: API, sessions, serverStatus, clock });
  void app.register(sessionRoutes, { prefix: API, sessions });
  void app.register(usageRoutes, { prefix: API, usage });
  void app.register(tenantRoutes, { prefix: ADMIN, tenants });
  void app.register(apiKeyRoutes, { prefix: ADMIN, apiKeys: services.operatorApiKeys });
  void app.register(tenantApiKeyRoutes, { prefix: TENANT, apiKeys: services.apiKeys });
  void app.register(tenantUserRoutes, { prefix: TENANT, users: services.userDirectory });
  void app.register(tenantDeviceRoutes, { prefix: TENANT, devices: services.deviceDirectory });
  void app.register(ownSessionRoutes, { prefix: TENANT, sessions });
  void app.register(ownUsageRoutes, { prefix: TENANT, usage, users: services.userDirectory });
  void app.register(settingsRoutes, { prefix: TENANT, tenants: services.ownTenants });
  void app.register(userLimitRoutes, { prefix: ADMIN, plans });
  void app.register(serverRoutes, { prefix: ADMIN, servers });
  void app.register(serverHealthRoutes, { prefix: ADMIN, serverHealth: services.serverHealth });
  void app.register(serverEventRoutes, { prefix: ADMIN, serverEvents: services.serverEvents });
  void app.register(tenantAuditRoutes, { prefix: TENANT, audit: services.audit });
  void app.register(auditRoutes, { prefix: ADMIN, audit: services.operatorAudit });
  void app.register(metricsRoutes, { metrics: services.metrics });
  void app.register(doctorRoutes, { prefix: ADMIN, doctor: services.doctor, clock });
  void app.register(tenantSessionRoutes, { prefix: ADMIN, sessions: services.operatorSessions });
  void app.register(jobRoutes, { prefix: ADMIN, jobs: services.jobs });
  void app.register(masterKeyRoutes, { prefix: ADMIN, masterKey: services.masterKey });
  void app.register(privacyRoutes, { prefix: TENANT, privacy: services.privacy, clock });
  void app.register(webhookRoutes, { prefix: TENANT, webhooks: services.webhooks });
  void app.register(adminUsageRoutes, { prefix: ADMIN, usage: services.operatorUsage });
}
