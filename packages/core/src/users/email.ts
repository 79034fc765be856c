/** RFC 5321 section 4.5.3.1.3, without the angle brackets. */
export const EMAIL_CHARACTERS_MAX = 254;

/** One user has one spelling: everybody's mail system takes both cases for the same mailbox. */
export function normalizeEmail(email: string): string {
  return email.toLowerCase();
}
