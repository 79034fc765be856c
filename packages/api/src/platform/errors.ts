/** Kinds of failure. `platform/http/problem.ts` maps each to an HTTP status. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'gone'
  | 'method'
  | 'conflict'
  | 'late'
  | 'too_large'
  | 'media_type'
  | 'limited'
  | 'exhausted'
  | 'unprocessable'
  | 'internal'
  | 'unavailable';

interface ErrorDefinition {
  readonly kind: ErrorKind;
  /** Short and fixed: RFC 9457 `title`. */
  readonly title: string;
  /** Advice for the caller; printed in docs/errors.md. */
  readonly remedy: string;
}

/** The closed set of error codes, and the source of docs/errors.md and the OpenAPI enum. */
export const ERRORS = {
  invalid_request: {
    kind: 'invalid',
    title: 'The request is not valid',
    remedy:
      'Each entry of `errors` points at a field and says what is wrong with it. Correct them and send it again.',
  },
  malformed_body: {
    kind: 'invalid',
    title: 'The body is not readable JSON',
    remedy: 'Send one JSON object, encoded as UTF-8.',
  },
  invalid_public_key: {
    kind: 'invalid',
    title: 'The public key cannot be used',
    remedy:
      'Send the output of `wg pubkey`: canonical base64 of 32 bytes, of a key pair made for this device alone.',
  },
  missing_api_key: {
    kind: 'unauthenticated',
    title: 'No API key was sent',
    remedy: 'Send your tenant’s API key in the header `X-API-Key`.',
  },
  invalid_api_key: {
    kind: 'unauthenticated',
    title: 'The API key is not valid',
    remedy: 'Check that the whole key was copied and that it was not revoked; make a new one if need be.',
  },
  missing_token: {
    kind: 'unauthenticated',
    title: 'No access token was sent',
    remedy: 'Sign the user in and send `Authorization: Bearer <accessToken>`.',
  },
  invalid_token: {
    kind: 'unauthenticated',
    title: 'The access token is not valid',
    remedy: 'It has expired or was revoked: use the refresh token, or sign in again.',
  },
  invalid_refresh_token: {
    kind: 'unauthenticated',
    title: 'The refresh token is not valid',
    remedy: 'It has expired, was revoked or was used before. Sign in again.',
  },
  invalid_credentials: {
    kind: 'unauthenticated',
    title: 'E-mail or password is wrong',
    remedy: 'Check both. The answer is the same whether the user exists or not.',
  },
  invalid_challenge: {
    kind: 'unauthenticated',
    title: 'The challenge is no longer valid',
    remedy: 'Sign in with the password again, then send the code within five minutes.',
  },
  invalid_code: {
    kind: 'unauthenticated',
    title: 'The code is wrong or was used before',
    remedy:
      'Wait for the app’s next code, or use a recovery code. Check the clock of the device that shows it.',
  },
  invalid_subject_token: {
    kind: 'invalid',
    title: 'The ID token is not accepted',
    remedy:
      'It must be unexpired, unused, and issued by a registered identity provider for one of its audiences, whose keys must be ' +
      'reachable. Sign the user in there again.',
  },
  invalid_link: {
    kind: 'gone',
    title: 'The link is no longer valid',
    remedy:
      'Ask for a new one. A link works once, for a limited time, and only the newest of its kind works.',
  },
  email_not_verified: {
    kind: 'forbidden',
    title: 'The e-mail address is not confirmed',
    remedy: 'Open the link in the mail, or ask for another at `POST /api/v1/auth/send-verification`.',
  },
  mail_not_set_up: {
    kind: 'conflict',
    title: 'No mail can be sent',
    remedy: 'The operator sets SMTP_URL and MAIL_FROM, the tenant sets `appUrl` in its sign-in settings.',
  },
  invalid_admin_key: {
    kind: 'unauthenticated',
    title: 'The admin key is missing or not valid',
    remedy: 'Send `Authorization: Bearer cv_admin_…`, the value of CVAULT_ADMIN_KEY.',
  },
  tenant_suspended: {
    kind: 'forbidden',
    title: 'The tenant is suspended',
    remedy: 'Ask the operator to resume it.',
  },
  user_suspended: {
    kind: 'forbidden',
    title: 'The user is suspended',
    remedy: 'Ask the tenant to resume the user.',
  },
  insufficient_scope: {
    kind: 'forbidden',
    title: 'The API key is not allowed to do this',
    remedy: 'The detail names the scope that is missing. Use a key that has it, or make one.',
  },
  source_not_allowed: {
    kind: 'forbidden',
    title: 'The API key is not allowed from this address',
    remedy: 'Send the request from an address of the key’s list, or change the list.',
  },
  not_found: {
    kind: 'not_found',
    title: 'Not found',
    remedy: 'Check the id. An object that is not yours answers the same.',
  },
  no_such_route: {
    kind: 'not_found',
    title: 'There is no such route',
    remedy: 'Check the path; /docs lists every route.',
  },
  method_not_allowed: {
    kind: 'method',
    title: 'The route does not take this method',
    remedy: 'Use one of the methods in the header `Allow`.',
  },
  email_taken: {
    kind: 'conflict',
    title: 'A user with this e-mail exists',
    remedy: 'Sign in instead, or use another e-mail.',
  },
  external_id_taken: {
    kind: 'conflict',
    title: 'The externalId is in use',
    remedy:
      'Choose another one, or find the user or device that has it: lists can be filtered by `externalId`.',
  },
  name_taken: {
    kind: 'conflict',
    title: 'The name or the issuer is in use',
    remedy:
      'Choose another name. An issuer is one identity provider’s: remove the one that has it, or go on with that one.',
  },
  public_key_taken: {
    kind: 'conflict',
    title: 'The public key is in use or was used before',
    remedy:
      'Make a new key pair on the device. A key that a device of yours gave up can come back once its VPN server has let go of it; ' +
      'to another tenant it never does.',
  },
  unknown_region: {
    kind: 'invalid',
    title: 'There is no VPN server in this region',
    remedy: 'Leave `region` out, or name one that has an active VPN server.',
  },
  unknown_server: {
    kind: 'invalid',
    title: 'There is no such VPN server',
    remedy: 'Leave `serverId` out, or name one that `GET /api/v1/locations` lists.',
  },
  server_not_open: {
    kind: 'conflict',
    title: 'The VPN server takes no devices',
    remedy: 'It is in maintenance. Choose another one or a region.',
  },
  device_limit_reached: {
    kind: 'conflict',
    title: 'The tenant has as many devices as it may have',
    remedy: 'Delete a device, or ask the operator for a higher limit.',
  },
  user_device_limit_reached: {
    kind: 'conflict',
    title: 'The user has as many devices as they may have',
    remedy: 'Delete one of the user’s devices, or ask the operator for a higher limit.',
  },
  session_limit_reached: {
    kind: 'conflict',
    title: 'The limit of open sessions is reached',
    remedy: 'Disconnect another device. The detail says whether the limit is the user’s or the tenant’s.',
  },
  key_limit_reached: {
    kind: 'conflict',
    title: 'The tenant has as many API keys as it may have',
    remedy: 'Revoke a key that is no longer used.',
  },
  private_key_elsewhere: {
    kind: 'conflict',
    title: 'The private key is on the device only',
    remedy:
      'Ask for the configuration as text and put the private key into it on the device, or let CVault make the keys: `POST /devices/{id}/rotate` without `publicKey`.',
  },
  configuration_too_long: {
    kind: 'conflict',
    title: 'The configuration does not fit into a QR code',
    remedy: 'Ask for the configuration as text, or give the device fewer routes or search domains.',
  },
  private_key_gone: {
    kind: 'gone',
    title: 'The private key was told once and is forgotten',
    remedy:
      'Use the configuration that was answered then, or give the device other keys: `POST /devices/{id}/rotate`.',
  },
  idempotency_key_reused: {
    kind: 'unprocessable',
    title: 'The Idempotency-Key came with another request',
    remedy: 'Send the same request with it, or use a new key: one for each operation.',
  },
  request_in_flight: {
    kind: 'conflict',
    title: 'The same request is under way',
    remedy:
      'Wait as many seconds as `Retry-After` says and send it again: the answer is then that of the first one.',
  },
  webhook_endpoint_limit_reached: {
    kind: 'conflict',
    title: 'The tenant has as many webhook endpoints as it may have',
    remedy: 'Delete one, or let one endpoint receive more events.',
  },
  churn_limit: {
    kind: 'exhausted',
    title: 'Too many devices were deleted or moved just now',
    remedy:
      'Addresses that devices have left rest for some minutes, and a tenant may have only so many resting. Wait as many seconds as `Retry-After` says.',
  },
  pool_exhausted: {
    kind: 'exhausted',
    title: 'No address is left',
    remedy:
      'Choose another region or try later: addresses come back some time after devices are deleted. The operator can add a pool or ' +
      'a VPN server.',
  },
  server_full: {
    kind: 'exhausted',
    title: 'The VPN server holds as many peers as it can',
    remedy: 'Choose another region, or ask the operator to add a VPN server.',
  },
  peer_refused: {
    kind: 'conflict',
    title: 'The VPN server refused the peer',
    remedy:
      'A registration left nothing behind: try again. Any other device has failed: move it, and it comes back. If this persists, give ' +
      'the operator the `requestId`; the logs have the reason.',
  },
  state_conflict: {
    kind: 'conflict',
    title: 'The object is in a state that does not allow this',
    remedy:
      'The detail says which state it is in. Get the object again, and change its state first where that is possible.',
  },
  pool_overlap: {
    kind: 'conflict',
    title: 'The pool overlaps another one of this VPN server',
    remedy: 'Choose a range that no pool of the VPN server touches.',
  },
  in_use: {
    kind: 'conflict',
    title: 'The object is in use',
    remedy: 'The detail says by what; remove that first.',
  },
  host_key_mismatch: {
    kind: 'conflict',
    title: 'The VPN server’s SSH host key is not the pinned one',
    remedy:
      'Find out why it changed before you trust it: somebody may be intercepting the connection. Nothing was sent to it.',
  },
  server_unreachable: {
    kind: 'unavailable',
    title: 'The VPN server cannot be reached',
    remedy: 'Check its address, port and firewall. The detail says how far the connection got.',
  },
  request_timeout: {
    kind: 'late',
    title: 'The request did not arrive in time',
    remedy: 'Send the whole request within 15 seconds, on a new connection.',
  },
  body_too_large: { kind: 'too_large', title: 'The body is too large', remedy: 'Send at most 64 KiB.' },
  unsupported_media_type: {
    kind: 'media_type',
    title: 'The body’s media type is not supported',
    remedy: 'Send `Content-Type: application/json`, without `Content-Encoding`.',
  },
  rate_limited: {
    kind: 'limited',
    title: 'Too many requests',
    remedy: 'Wait as many seconds as `Retry-After` says.',
  },
  internal: {
    kind: 'internal',
    title: 'Something went wrong on our side',
    remedy: 'Report the `requestId`; with it the operator finds the cause in the logs.',
  },
  overloaded: {
    kind: 'unavailable',
    title: 'The service is overloaded',
    remedy: 'Wait as many seconds as `Retry-After` says, and send fewer at once.',
  },
  unavailable: {
    kind: 'unavailable',
    title: 'The service cannot answer just now',
    remedy: 'Wait as many seconds as `Retry-After` says, then try again.',
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof ERRORS;

/** One fault of the input, at a JSON pointer (RFC 6901). */
export interface InputFault {
  readonly pointer: string;
  readonly message: string;
}

/**
 * The only error class of the domain. `message` is for the caller: no secrets, SQL, paths or internal addresses.
 * Details for operators go into `cause`.
 */
export class CVaultError extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly InputFault[];
  /** Seconds until a retry makes sense; undefined for the code's default. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    publicMessage: string,
    options: { cause?: unknown; faults?: readonly InputFault[]; retryAfterSeconds?: number } = {},
  ) {
    super(publicMessage, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'CVaultError';
    this.code = code;
    this.faults = options.faults ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get kind(): ErrorKind {
    return ERRORS[this.code].kind;
  }
}

/** A fault of one field that no schema can find. `message` continues the field's name: `must be …`. */
export function invalidField(pointer: string, message: string, cause?: unknown): CVaultError {
  const stop = /[.?]$/.test(message) ? '' : '.';
  return new CVaultError('invalid_request', `${pointer}: ${message}${stop}`, {
    ...(cause === undefined ? {} : { cause }),
    faults: [{ pointer, message }],
  });
}

/** The same message for an id that never existed and for another tenant's. */
export function notFound(what: string): CVaultError {
  return new CVaultError('not_found', `There is no ${what} with this id.`);
}

/** Only for callers with a valid credential; others must not learn it. */
export function userSuspended(): CVaultError {
  return new CVaultError('user_suspended', 'The user is suspended.');
}
