/** An end user of a tenant. */
export interface User {
  readonly id: string;
  readonly tenantId: string;
  /** Lower case; unique within the tenant. */
  readonly email: string;
  readonly createdAt: Date;
}
