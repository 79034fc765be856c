/**
 * An invalid value from outside. `reason` says what is wrong and what to do, as the rest of a sentence that begins
 * with the field's name; `message` is the whole sentence. Neither repeats an unparsed value, since it may be a
 * secret in the wrong field.
 */
export class InvalidValue extends Error {
  readonly reason: string;

  constructor(reason: string, subject = 'the value') {
    super(`${subject} ${reason}`);
    this.name = 'InvalidValue';
    this.reason = reason;
  }
}

/** Not a private or preshared key. */
export class InvalidKey extends InvalidValue {
  constructor(reason: string) {
    super(reason, 'the key');
    this.name = 'InvalidKey';
  }
}

/** Not a usable public key of a peer. */
export class InvalidPublicKey extends InvalidValue {
  constructor(reason: string) {
    super(reason, 'the public key');
    this.name = 'InvalidPublicKey';
  }
}

/** Not a single IPv4 or IPv6 address. */
export class InvalidAddress extends InvalidValue {
  constructor(reason: string) {
    super(reason, 'the address');
    this.name = 'InvalidAddress';
  }
}

/** Not an address range in CIDR notation. */
export class InvalidCidr extends InvalidValue {
  constructor(reason: string) {
    super(reason, 'the address range');
    this.name = 'InvalidCidr';
  }
}

/** Not a valid endpoint of a WireGuard peer. */
export class InvalidEndpoint extends InvalidValue {
  constructor(reason: string) {
    super(reason, 'the endpoint');
    this.name = 'InvalidEndpoint';
  }
}
