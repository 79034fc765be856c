/**
 * The complete list of personal data. A test compares it with the schema, so every new column needs a purpose;
 * exports are built from it. docs/privacy.md explains it.
 */
export interface PersonalTable {
  /** SQL that selects the rows `x` about user `$2` of tenant `$1`. */
  readonly whose: string;
  /** The retention period. */
  readonly kept: string;
  /** The exported columns and their purposes. */
  readonly columns: Readonly<Record<string, string>>;
  /** The columns that are not exported, with the reasons. */
  readonly withheld?: Readonly<Record<string, string>>;
}

const OF_USER = 'x.tenant_id = $1 AND x.user_id = $2';
const OF_DEVICE = `x.tenant_id = $1 AND x.device_id IN (SELECT id FROM devices WHERE tenant_id = $1 AND user_id = $2)`;
const OF_SUBJECT = 'x.tenant_id = $1 AND x.subject_id = $2';

const LIFE = 'until the user is deleted or erased';
const DEVICE_LIFE = 'until the device is deleted; its row until the user is';
const ids = { tenant_id: 'whose', user_id: 'whose' };

export const PERSONAL_TABLES: Readonly<Record<string, PersonalTable>> = {
  tenant_users: {
    whose: 'x.tenant_id = $1 AND x.id = $2',
    kept: LIFE,
    columns: {
      id: 'names the user',
      tenant_id: 'whose',
      email: 'what they sign in with',
      mode: 'a real user or one of a test',
      external_id: 'what the tenant calls them',
      metadata: 'what the tenant keeps with them',
      email_verified_at: 'when they showed that it is theirs',
      credentials_epoch: 'how often their credentials were ended',
      state: 'may they use it',
      device_count: 'keeps the limit',
      device_limit: 'their plan',
      session_limit: 'their plan',
      data_limit_bytes: 'their plan',
      upload_bits_per_second: 'their plan',
      download_bits_per_second: 'their plan',
      operator_device_limit: 'their plan',
      operator_session_limit: 'their plan',
      operator_data_limit_bytes: 'their plan',
      operator_upload_bits_per_second: 'their plan',
      operator_download_bits_per_second: 'their plan',
      created_at: 'order of lists',
      erase_requested_at: 'an erasure is under way',
    },
    withheld: { password_hash: 'a credential; whoever has the export must not be able to guess at it' },
  },
  sign_ins: {
    whose: OF_USER,
    kept: 'a day after it ends, at most 30 days after its last use',
    columns: {
      id: 'names the sign-in',
      ...ids,
      created_at: 'when',
      expires_at: 'when it ends by itself',
      revoked_at: 'when it was ended',
      minted_by: 'which API key vouched for them',
    },
  },
  refresh_tokens: {
    whose:
      'x.tenant_id = $1 AND x.sign_in_id IN (SELECT id FROM sign_ins WHERE tenant_id = $1 AND user_id = $2)',
    kept: 'as its sign-in',
    columns: {
      tenant_id: 'whose',
      sign_in_id: 'of which sign-in',
      created_at: 'when',
      used_at: 'finds theft',
    },
    withheld: { token_hash: 'a credential' },
  },
  second_factors: {
    whose: OF_USER,
    kept: LIFE,
    columns: { ...ids, confirmed_at: 'when it was set up', last_step: 'takes each code once' },
    withheld: { secret: 'a credential, sealed' },
  },
  user_identities: {
    whose: OF_USER,
    kept: LIFE,
    columns: {
      ...ids,
      provider_id: 'who vouches for them',
      subject: 'what the provider calls them',
      created_at: 'when',
    },
  },
  audit_log: {
    whose: 'x.tenant_id = $1 AND (x.target_id = $2 OR x.actor_id = $2)',
    kept: 'as docs/audit.md says, after erasure too: it names people by id alone',
    columns: {
      id: 'order',
      tenant_id: 'whose',
      at: 'when',
      act: 'what was done',
      result: 'whether it was',
      reason: 'why it was not',
      count: 'how often',
      actor_kind: 'who did it',
      actor_id: 'who did it',
      target_kind: 'to what',
      target_id: 'to what',
      request_id: 'by which request',
      changed: 'names of what was changed, no values',
      place: 'its place in the chain',
    },
    withheld: { xact: 'order of transactions', hash: 'proves that nothing was changed' },
  },
  idempotency_keys: {
    whose: OF_USER,
    kept: 'a day',
    columns: {
      ...ids,
      intended_id: 'makes one thing of two requests',
      claimed_until: 'one at a time',
      attempt: 'one at a time',
      status: 'answers the same again',
      created_at: 'when',
    },
    withheld: {
      claim_hash: 'made of the request',
      fingerprint: 'made of the request',
      answer: 'the answer, sealed: the user has it',
    },
  },
  recovery_codes: {
    whose: OF_USER,
    kept: 'until it is used',
    columns: ids,
    withheld: { code_hash: 'a credential' },
  },
  sign_in_challenges: {
    whose: OF_USER,
    kept: 'some minutes between password and code',
    columns: { ...ids, expires_at: 'when it ends' },
    withheld: { token_hash: 'a credential' },
  },
  user_links: {
    whose: OF_USER,
    kept: 'until it is used or has expired',
    columns: { ...ids, email: 'where it was sent', purpose: 'what it is for', expires_at: 'when it ends' },
    withheld: { token_hash: 'a credential' },
  },
  sign_ups: {
    whose: `x.tenant_id = $1 AND (x.email, x.mode) = (SELECT email, mode FROM tenant_users WHERE tenant_id = $1 AND id = $2)`,
    kept: 'a day, or until its address is confirmed',
    columns: {
      id: 'names the sign-up',
      tenant_id: 'whose',
      mode: 'a real user or one of a test',
      email: 'where its link was sent',
      created_at: 'when',
      expires_at: 'when it ends',
    },
    withheld: { password_hash: 'a credential', token_hash: 'a credential' },
  },
  mail_outbox: {
    whose: 'false',
    kept: 'until it is delivered, or given up within days',
    columns: {},
    withheld: {
      id: 'order',
      tenant_id: 'whose',
      mode: 'to a real user or one of a test',
      purpose: 'which mail',
      recipient: 'an e-mail address, sealed: whose it is cannot be looked up',
      attempts: 'backs off',
      not_before: 'backs off',
      created_at: 'when',
    },
  },
  sign_in_tries: {
    whose: 'false',
    kept: 'as long as wrong tries count',
    columns: {},
    withheld: {
      tenant_id: 'whose',
      subject: 'a keyed hash: whose it is cannot be looked up',
      spent_until: 'counts wrong tries',
    },
  },
  devices: {
    whose: OF_USER,
    kept: DEVICE_LIFE,
    columns: {
      id: 'names the device',
      ...ids,
      server_id: 'where it connects to',
      name: 'what its user calls it',
      mode: 'a real device or one of a test',
      external_id: 'what the tenant calls it',
      metadata: 'what the tenant keeps with it',
      state: 'whether it may connect',
      generation: 'orders changes',
      applied_generation: 'what its VPN server knows',
      applied_epoch: 'what its VPN server knows',
      failure: 'why it failed',
      public_key: 'WireGuard',
      private_key_erased: 'whether the key was told',
      replaces_key: 'change of keys',
      overlap_until: 'change of keys',
      key_changed_at: 'age of the key',
      key_expiry_told_days: 'which warning of the key’s end was given',
      assigned_ip: 'its address inside of the tunnel',
      assigned_ip6: 'its address inside of the tunnel',
      dns: 'its configuration',
      search_domains: 'its configuration',
      routes: 'its configuration',
      mtu: 'its configuration',
      persistent_keepalive: 'its configuration',
      expires_at: 'when it ends',
      holds: 'why it is suspended',
      last_connected_at: 'shown to its user, true to a minute; in no-log mode while it is connected only',
      created_at: 'order of lists',
      removed_at: 'when its VPN server removed it',
    },
    withheld: {
      private_key: 'a credential, sealed; the user has it in the configuration',
      preshared_key: 'a credential, sealed; the user has it in the configuration',
      peer_digest: 'made of the columns above',
    },
  },
  sessions: {
    whose: OF_USER,
    kept: '30 days after it is closed, or what the tenant sets; not at all in no-log mode',
    columns: {
      id: 'names the session',
      ...ids,
      device_id: 'which device',
      server_id: 'which VPN server',
      state: 'open or closed',
      opened_by: 'how it began',
      connected_at: 'when',
      closed_at: 'when',
      closed_reason: 'how it ended',
      upload_bytes: 'how much',
      download_bytes: 'how much',
    },
  },
  meter_readings: {
    whose: OF_USER,
    kept: 'a day after the VPN server’s counters begin anew',
    columns: {
      ...ids,
      device_id: 'which device',
      server_id: 'which VPN server',
      life: 'which life of the counters',
      received_bytes: 'counts nothing twice',
      sent_bytes: 'counts nothing twice',
      received_added: 'counts nothing twice',
      sent_added: 'counts nothing twice',
      read_at: 'when the counts last changed',
    },
  },
  usage_metrics: {
    whose: OF_USER,
    kept: 'by the hour 7 days, by the day 400, or what the tenant sets; a minute in no-log mode',
    columns: {
      ...ids,
      device_id: 'which device',
      server_id: 'which VPN server',
      span: 'hour or day',
      starts_at: 'when',
      upload_bytes: 'how much',
      download_bytes: 'how much',
    },
  },
  usage_periods: {
    whose: OF_SUBJECT,
    kept: '63 days',
    columns: {
      tenant_id: 'whose',
      subject_id: 'whose',
      starts_at: 'the period',
      used_bytes: 'keeps the data limit',
      added_bytes: 'counts nothing twice',
      cut_limit_bytes: 'keeps the data limit',
      grants: 'keeps the data limit',
    },
  },
  usage_warnings: {
    whose: OF_SUBJECT,
    kept: '63 days',
    columns: {
      tenant_id: 'whose',
      subject_id: 'whose',
      starts_at: 'the period',
      percent: 'warns once',
      limit_bytes: 'as it was',
      used_bytes: 'as it was',
      created_at: 'when',
    },
  },
  plan_changes: {
    whose: OF_USER,
    kept: 'until VPN servers have heard of it',
    columns: { id: 'order', ...ids, after_device: 'how far it is' },
  },
  outbox: {
    whose: OF_DEVICE,
    kept: 'until the VPN server has acknowledged it',
    columns: {
      id: 'order',
      tenant_id: 'whose',
      server_id: 'whom to tell',
      device_id: 'which device',
      generation: 'which change',
      attempts: 'backs off',
      not_before: 'backs off',
      created_at: 'when',
    },
  },
  departures: {
    whose: OF_DEVICE,
    kept: 'until the VPN server has acknowledged it',
    columns: {
      device_id: 'which device',
      generation: 'which change',
      tenant_id: 'whose',
      server_id: 'where it was',
      address: 'keeps the address out of use',
      created_at: 'when',
    },
  },
  ip_pool: {
    whose: OF_DEVICE,
    kept: 'until the device is removed; then the address rests for 10 minutes',
    columns: {
      server_id: 'which VPN server',
      address: 'the address inside of the tunnel',
      pool_id: 'which pool',
      state: 'who may have it',
      tenant_id: 'whose',
      device_id: 'which device',
      free_after: 'how long it rests',
      freed_by: 'which tenant gave it back',
      freed_at: 'when',
    },
  },
  public_keys: {
    whose: OF_DEVICE,
    kept: 'for good, as a hash without device: a key that was one’s must never open a tunnel of another tenant',
    columns: { tenant_id: 'whose', device_id: 'which device', created_at: 'when' },
    withheld: { key_hash: 'made of the public key' },
  },
  webhook_events: {
    whose: OF_USER,
    kept: '30 days, or what the tenant sets',
    columns: {
      id: 'names the message',
      ...ids,
      type: 'what happened',
      data: 'what happened, in ids and states',
      created_at: 'when',
    },
  },
  webhook_deliveries: {
    whose:
      'x.tenant_id = $1 AND x.event_id IN (SELECT id FROM webhook_events WHERE tenant_id = $1 AND user_id = $2)',
    kept: 'as its event',
    columns: {
      tenant_id: 'whose',
      endpoint_id: 'told whom',
      event_id: 'of what',
      state: 'whether it came through',
      attempts: 'backs off',
      due_at: 'backs off',
    },
  },
  webhook_attempts: {
    whose:
      'x.tenant_id = $1 AND x.event_id IN (SELECT id FROM webhook_events WHERE tenant_id = $1 AND user_id = $2)',
    kept: 'as its event',
    columns: {
      id: 'order',
      tenant_id: 'whose',
      endpoint_id: 'told whom',
      event_id: 'of what',
      status: 'what came of it',
      fault: 'what came of it',
      duration_ms: 'what came of it',
      created_at: 'when',
    },
  },
};

/** Tables without personal data. If one gets a personal column, it moves to the list above. */
export const IMPERSONAL_TABLES: readonly string[] = [
  '_prisma_migrations',
  'api_keys',
  'applied_functions',
  'audit_chains',
  'data_renewals',
  'evacuations',
  'identity_providers',
  'meter_passes',
  'pools',
  'server_events',
  'servers',
  'sign_in_settings',
  'signing_keys',
  'tenants',
  'used_id_tokens',
  'webhook_endpoints',
];
