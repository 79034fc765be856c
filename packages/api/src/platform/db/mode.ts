/** The mode of a user, by the placeholders of tenant and user: which VPN servers there are for their devices. */
export const modeOf = (tenantId: string, userId: string): string =>
  `coalesce((SELECT mode FROM tenant_users WHERE tenant_id = ${tenantId} AND id = ${userId}), 'live')`;
