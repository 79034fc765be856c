import type {
  AccountService,
  ApiKeyService,
  AuditService,
  Clock,
  DeviceDirectory,
  DeviceService,
  PlanService,
  Doctor,
  IdentityProviderService,
  LocationStore,
  RecoveryService,
  SecondFactorService,
  ServerEventStore,
  ServerHealthService,
  ServerService,
  ServerStatusService,
  SessionService,
  SigningKeys,
  SignInSettingsStore,
  TenantService,
  TokenExchange,
  UsageService,
  UserDirectory,
  UserService,
  MasterKeyRotation,
  PrivacyService,
  WebhookService,
} from '@cvault/core';
import type { FastifyInstance } from 'fastify';
import { accountRoutes } from './features/account/routes.ts';
import { auditRoutes, tenantAuditRoutes } from './features/audit/routes.ts';
import { authRoutes } from './features/auth/routes.ts';
import { deviceRoutes } from './features/devices/routes.ts';
import { tenantDeviceRoutes } from './features/devices/tenant-routes.ts';
import { doctorRoutes } from './features/doctor/routes.ts';
import { type HealthOptions, healthRoutes } from './features/health/routes.ts';
import { type JobRoutesOptions, jobRoutes } from './features/jobs/routes.ts';
import { identityProviderRoutes } from './features/identity-providers/routes.ts';
import { tokenRoutes } from './features/identity-providers/token-routes.ts';
import { linkRoutes } from './features/links/routes.ts';
import { signInSettingsRoutes } from './features/links/settings-routes.ts';
import { locationRoutes } from './features/locations/routes.ts';
import { masterKeyRoutes } from './features/master-key/routes.ts';
import { meRoutes } from './features/me/routes.ts';
import { type MetricsOptions, metricsRoutes } from './features/metrics/routes.ts';
import { secondFactorRoutes } from './features/second-factor/routes.ts';
import { serverEventRoutes } from './features/servers/event-routes.ts';
import { serverHealthRoutes } from './features/servers/health-routes.ts';
import { serverRoutes } from './features/servers/routes.ts';
import { publishedKeyRoutes, signingKeyRoutes } from './features/signing-keys/routes.ts';
import { apiKeyRoutes } from './features/tenants/api-key-routes.ts';
import { tenantApiKeyRoutes } from './features/tenants/own-api-key-routes.ts';
import { tenantRoutes } from './features/tenants/routes.ts';
import { settingsRoutes } from './features/tenants/settings-routes.ts';
import { tenantUserRoutes } from './features/users/tenant-routes.ts';
import { privacyRoutes } from './features/privacy/routes.ts';
import { adminUsageRoutes, ownUsageRoutes, usageRoutes } from './features/usage/routes.ts';
import { userLimitRoutes } from './features/tenants/user-limit-routes.ts';
import { vpnRoutes } from './features/vpn/routes.ts';
import { ownSessionRoutes, sessionRoutes, tenantSessionRoutes } from './features/vpn/session-routes.ts';
import { webhookRoutes } from './features/webhooks/routes.ts';

/** What the routes need. */
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
  /** What a tenant does with its own settings. */
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
  /** The same with the operator's rights, for any tenant. */
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
/** For a tenant's backend, by API key alone. */
const TENANT = '/api/v1/tenant';
/** For the operator. */
const ADMIN = '/api/v1/admin';

/** The API's table of contents. */
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
