import { z } from 'zod';

const LocationResource = z
  .object({
    id: z.uuid(),
    name: z.string(),
    region: z.string(),
    publicIp: z.string().describe('The address that devices connect to.'),
    status: z
      .enum(['available', 'full', 'unavailable'])
      .describe('`full`: no address is left. `unavailable`: in maintenance, or not heard of late.'),
    hasIpv6: z.boolean().describe('Devices on it have an IPv6 tunnel address too.'),
    load: z.enum(['low', 'medium', 'high']).describe('How many of its addresses are in use.'),
  })
  .meta({ id: 'Location' });

export const LocationList = z
  .object({
    regions: z.array(
      z.object({
        id: z.string().describe('The value of a device’s `region`.'),
        servers: z.array(LocationResource),
      }),
    ),
  })
  .meta({ id: 'LocationList' });
