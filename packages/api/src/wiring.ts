/** Names the nouns in the order of their dependencies. The only place that sees all of them. */
import type { FastifyInstance } from 'fastify';
import { wireApiKeys } from './api-keys/wiring.ts';
import { wireAudit } from './audit/wiring.ts';
import { wireDevices } from './devices/wiring.ts';
import { wireDoctor } from './doctor/wiring.ts';
import { wireFleet } from './fleet/wiring.ts';
import { wireHealth } from './health/wiring.ts';
import { wireIdentityProviders } from './identity-providers/wiring.ts';
import { wireLocations } from './locations/wiring.ts';
import { wireMailLinks } from './mail-links/wiring.ts';
import type { Mailer } from './mail/index.ts';
import { wireMail } from './mail/wiring.ts';
import { wireMasterKey } from './master-key/wiring.ts';
import type { Metrics } from './metrics/index.ts';
import { wireMetrics } from './metrics/wiring.ts';
import { wireIdempotency } from './platform/idempotency/wiring.ts';
import { wireJobs } from './platform/jobs/wiring.ts';
import type { Noun } from './platform/noun.ts';
import type { Platform } from './platform/platform.ts';
import { wirePrivacy } from './privacy/wiring.ts';
import { wireSecondFactors } from './second-factors/wiring.ts';
import { wireServers } from './servers/wiring.ts';
import { wireSessions } from './sessions/wiring.ts';
import { wireCredentials, wireSignIn } from './sign-in/wiring.ts';
import { wireSigningKeys } from './signing-keys/wiring.ts';
import { wireTenants } from './tenants/wiring.ts';
import { wireUsage } from './usage/wiring.ts';
import { wireUserLimits } from './user-limits/wiring.ts';
import { wireUsers } from './users/wiring.ts';
import { wireWebhooks } from './webhooks/wiring.ts';

export interface Outside {
  /** Counts what nouns do; shown at the end. */
  readonly metrics: Metrics;
  /** Null: no mail is sent. */
  readonly mailer: Mailer | null;
}

/** Each noun comes after those that it needs. Nothing is started. */
export function wireNouns(platform: Platform, { metrics, mailer }: Outside) {
  const fleet = wireFleet(platform, metrics);
  const servers = wireServers(platform, fleet);
  const locations = wireLocations(platform);

  const signingKeys = wireSigningKeys(platform);
  const credentials = wireCredentials(platform, signingKeys);
  const mail = wireMail(platform, { mailer, credentials });
  const secondFactors = wireSecondFactors(platform, credentials);
  const signIn = wireSignIn(platform, { credentials, mail, secondFactors });
  const mailLinks = wireMailLinks(platform, { credentials, mail });
  const identityProviders = wireIdentityProviders(platform, credentials);

  const devices = wireDevices(platform, fleet);
  const sessions = wireSessions(platform, devices);
  const users = wireUsers(platform, fleet);
  const userLimits = wireUserLimits(platform, fleet);
  const usage = wireUsage(platform, { fleet, users });

  const tenants = wireTenants(platform, fleet);
  const apiKeys = wireApiKeys(platform, servers);
  const webhooks = wireWebhooks(platform);
  const audit = wireAudit(platform);
  const privacy = wirePrivacy(platform, fleet);
  const masterKey = wireMasterKey(platform);
  const idempotency = wireIdempotency(platform);

  const working: Noun[] = [
    ...[signIn, mail, mailLinks, secondFactors, identityProviders, signingKeys],
    ...[devices, locations, sessions, usage, users, userLimits],
    ...[tenants, apiKeys, webhooks, audit, privacy, servers, masterKey, idempotency],
  ];
  const jobs = wireJobs(platform, working);
  const health = wireHealth(platform, { fleet, jobs });
  const doctor = wireDoctor(platform, { fleet, jobs });
  const shown = wireMetrics(platform, { metrics, servers, jobs });

  return {
    ...{ apiKeys, audit, credentials, fleet, idempotency, servers, signIn, signingKeys, tenants, webhooks },
    jobs: jobs.runner,
    routes(app: FastifyInstance): void {
      for (const { routes } of [health, ...working, jobs, doctor, shown]) routes?.(app);
    },
  };
}
