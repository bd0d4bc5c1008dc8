import { parseRedisUrl, shownAddress } from '../../../src/queue/redis-url.js';

describe('the address of a Redis', () => {
  it.each([
    ['redis://localhost', { host: 'localhost', port: 6379, database: 0, username: null, password: null }],
    ['redis://:s%40cret@10.0.0.7:6380/3', { host: '10.0.0.7', port: 6380, database: 3, password: 's@cret' }],
    ['rediss://me:secret@queue.example', { username: 'me', password: 'secret', isEncrypted: true }],
    ['redis://[::1]:80/', { host: '::1', port: 80 }],
  ])('is read: %s', (text, says) => {
    expect(parseRedisUrl(text)).toMatchObject(says);
  });

  it.each([
    'http://:secret@host',
    'redis://:secret@host:0',
    'redis://:secret@host/0/1',
    'redis://:secret@host:99999',
    'redis://:secret@host?x=1',
    'redis://:secret%ff@host',
  ])('is refused without a word of a password: %s', (text) => {
    expect(() => parseRedisUrl(text)).toThrow(/^--redis (?!.*secret)/);
  });

  it('is shown without its password', () => {
    expect(shownAddress(parseRedisUrl('redis://me:secret@[::1]:7'))).toBe('[::1]:7');
  });
});
