/** SQL for the mode of a user, which decides the VPN servers of their devices. The arguments are placeholders. */
export const modeOf = (tenantId: string, userId: string): string =>
  `coalesce((SELECT mode FROM tenant_users WHERE tenant_id = ${tenantId} AND id = ${userId}), 'live')`;
