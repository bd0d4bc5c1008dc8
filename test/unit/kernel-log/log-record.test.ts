import { parseKernelLog } from '../../../src/kernel-log/index.js';

const MESSAGE = 'page dumped because: unmovable page';
const only = (line: string) => parseKernelLog(`${line}\n`)[0];

describe('a line of a log', () => {
  it.each([
    ['dmesg', `[   17.541169] ${MESSAGE}`, 17.541169, null],
    ['dmesg without times', MESSAGE, null, null],
    ['dmesg --raw', `<4>[   17.541169] ${MESSAGE}`, 17.541169, null],
    ['dmesg --decode', `kern  :warn  : [   17.541169] ${MESSAGE}`, 17.541169, null],
    ['dmesg --show-delta', `[   17.541169 <    0.000048>] ${MESSAGE}`, 17.541169, null],
    ['dmesg --ctime', `[Mon Nov 23 02:39:11 2026] ${MESSAGE}`, null, null],
    ['dmesg --time-format iso', `2026-11-23T02:39:11,541169+00:00 ${MESSAGE}`, null, null],
    ['journalctl', `Nov 23 02:39:11 web-7 kernel: ${MESSAGE}`, null, null],
    [
      'journalctl -o short-monotonic in a syslog',
      `Nov  3 02:39:11 web-7 kernel: [   17.541169] ${MESSAGE}`,
      17.541169,
      null,
    ],
    ['a kernel that says who speaks', `[   17.541169][  T812] ${MESSAGE}`, 17.541169, 'T812'],
    ['/dev/kmsg', `4,812,17541169,-;${MESSAGE}`, 17.541169, null],
    ['/dev/kmsg with the caller', `4,812,17541169,-,caller=T812;${MESSAGE}`, 17.541169, 'T812'],
    ['a terminal of another system', `[   17.541169] ${MESSAGE}\r`, 17.541169, null],
  ])('of %s', (_, line, seconds, caller) => {
    expect(only(line)).toEqual({ seconds, caller, text: MESSAGE });
  });

  it('keeps what begins with spaces, and leaves out properties of devices', () => {
    const log = '6,1,5,-;a page moved\n SUBSYSTEM=memory\n DEVICE=+memory:memory32\n[    0.1]  alloc_pages+0x1/0x2\n';
    expect(parseKernelLog(log).map(({ text }) => text)).toEqual(['a page moved', ' alloc_pages+0x1/0x2']);
  });

  it('is left out if it is the last and has no end, as numbers in it may be cut', () => {
    expect(parseKernelLog('one\npage: refcount:3')).toHaveLength(1);
    expect(parseKernelLog(`one\n[ 1.5] ${MESSAGE}`).map(({ text }) => text)).toEqual(['one', MESSAGE]);
    expect(parseKernelLog('')).toEqual([]);
  });
});
