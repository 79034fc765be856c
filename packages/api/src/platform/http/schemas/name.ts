import { faultOfName, NAME_CHARACTERS_MAX, normalizeName } from '../../text/names.ts';
import { z } from 'zod';

/** A name that people choose: NFC, up to 100 characters as people count them, none of them invisible. */
export const Name = z
  .string()
  .transform(normalizeName)
  .superRefine((name, context) => {
    const fault = faultOfName(name);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  })
  .meta({
    description: `1 to ${NAME_CHARACTERS_MAX} characters, without control or invisible formatting characters`,
  });
