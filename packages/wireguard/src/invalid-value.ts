/**
 * A text or value from outside that is not what it should be. `reason` says what is wrong and what to do, as the rest
 * of a sentence that begins with the field's name; `message` is the whole sentence. Neither repeats a value that was
 * not understood: it may be a secret that was pasted into the wrong field.
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

/** Not a public key that a peer could have. */
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

/** Not a place on the network that a WireGuard peer can be reached at. */
export class InvalidEndpoint extends InvalidValue {
  constructor(reason: string) {
    super(reason, 'the endpoint');
    this.name = 'InvalidEndpoint';
  }
}
