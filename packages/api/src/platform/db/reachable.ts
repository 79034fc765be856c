/**
 * Whether a VPN server's agent has answered lately, by the alias of its row; never null. Every agent is asked every 30 s, so
 * 90 s forgive two answers that were lost: a restart of the agent or of the API makes no VPN server unreachable.
 */
export const isReachable = (server: string): string =>
  `((${server}.last_contact_at > now() - interval '90 seconds') IS TRUE)`;
