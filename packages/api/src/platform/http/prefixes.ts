/** For tenants and their users. */
export const API = '/api/v1';
/** For a tenant's backend, with an API key only. */
export const TENANT = '/api/v1/tenant';
/** For the operator. */
export const ADMIN = '/api/v1/admin';
