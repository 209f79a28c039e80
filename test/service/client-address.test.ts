import { expect, it } from 'vitest';
import { clientAddress } from '../../src/service/client-address.ts';

it.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['::FFFF:203.0.113.9', '203.0.113.9'],
  ['::1', '::1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0001:0002:ffff::9', '2001:db8:1:2::/64'],
  ['2001:db8:1::2:3', '2001:db8:1:0::/64'],
  ['fe80::1:2:3:4%eth0', 'fe80:0:0:0::/64'],
  ['2001:db8:1:2:3:4:203.0.113.9', '2001:db8:1:2::/64'],
  ['a:b:c:d:e:f:0::', 'a:b:c:d::/64'],
])('calls %s the client %s', (address, client) => {
  expect(clientAddress(address, '10.0.0.1')).toBe(client);
});

it.each([
  '',
  'unknown',
  '_hidden',
  'x'.repeat(10_000),
  '203.0.113.9:443',
])('takes %j for no address, but the proxy that says so', (address) => {
  expect(clientAddress(address, '::ffff:10.0.0.1')).toBe('10.0.0.1');
  expect(clientAddress(address, 'nor this')).toBe('unknown');
  expect(clientAddress(address, address)).toBe('unknown');
});
