import { expect, test } from 'vitest';
import { isUsedUp, parseQuotas } from './nft-quotas.ts';

test('reads what nft prints of quotas, in whichever unit', () => {
  const listing = `table inet cvault_wg0 {
	quota budget_a {
		over 10000 bytes used 9999 bytes
	}
	quota budget_b {
		over 10 kbytes
	}
	quota data_c {
		over 2 gbytes used 3 mbytes
	}
}
`;
  expect(parseQuotas(listing)).toEqual([
    { name: 'budget_a', limit: 10_000, used: 9_999 },
    { name: 'budget_b', limit: 10_240, used: 0 },
    { name: 'data_c', limit: 2 * 1024 ** 3, used: 3 * 1024 ** 2 },
  ]);
});

test.each([
  [{ limit: 1_000, used: 999 }, false],
  [{ limit: 1_000, used: 1_000 }, true],
  [{ limit: 1_000, used: 2_500 }, true],
  [{ limit: 1, used: 0 }, true],
])('%j is used up: %s', (quota, is) => {
  expect(isUsedUp({ name: 'budget_a', ...quota })).toBe(is);
});
