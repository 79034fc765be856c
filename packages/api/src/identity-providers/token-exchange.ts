import type { TenantPrincipal } from '../platform/access/principal.ts';
import { CVaultError, userSuspended } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Secret } from '../platform/crypto/secret.ts';
import type { IdentityProviderStore, IdTokenVerifier } from './service.ts';
import type { SignIns, Tokens } from '../sign-in/index.ts';

export interface TokenExchangeDeps {
  readonly providers: IdentityProviderStore;
  readonly idTokens: IdTokenVerifier;
  readonly signIns: SignIns;
}

/** Signing in with an external proof of identity. */
export function createTokenExchange({ providers, idTokens, signIns }: TokenExchangeDeps) {
  return {
    /**
     * Exchanges an ID token of a tenant's identity provider (RFC 8693). The provider's `sub` identifies the user.
     * The e-mail claim is ignored, since this provider may not know its owner.
     * @throws CVaultError `invalid_subject_token`, `user_suspended`
     */
    async exchange(
      { tenantId, key: { mode } }: TenantPrincipal,
      subjectToken: Secret<string>,
    ): Promise<Tokens> {
      // A subject stands for one live user.
      if (mode !== 'live')
        throw new CVaultError(
          'invalid_subject_token',
          'ID tokens are exchanged with a live API key; this is a test key.',
        );
      const token = subjectToken.reveal();
      const issuer = idTokens.issuerOf(token);
      const provider = issuer === null ? null : await providers.findByIssuer(tenantId, issuer);
      const verified = provider === null ? null : await idTokens.verify(provider, token);
      const user =
        provider === null || verified === null
          ? null
          : await providers.useToken(tenantId, provider.id, verified, newId());
      if (user === 'suspended') throw userSuspended();
      const tokens = user === null ? null : await signIns.open(user);
      if (tokens === null) throw new CVaultError('invalid_subject_token', 'The ID token is not accepted.');
      return tokens;
    },
  };
}

export type TokenExchange = ReturnType<typeof createTokenExchange>;
