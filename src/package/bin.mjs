#!/usr/bin/env node
import { readFileSync } from 'node:fs';

/*
 * `vacate`, as the framework's package has it: the command line is a package of its own, which whoever only writes
 * handlers does without. This file is published as it stands, as bin/vacate.js.
 */

/** As for whatever else is not installed. */
const EXIT_USAGE = 2;

const versionOf = (url) => JSON.parse(readFileSync(new URL(url), 'utf8')).version;

/** The address of the command line; null, and a sentence, if it is not here or not of this version. */
function commandLine() {
  const version = versionOf(new URL('../package.json', import.meta.url));
  const wish = `npm install vacate-cli@${version}`;
  let found;
  try {
    found = versionOf(import.meta.resolve('vacate-cli/package.json'));
  } catch {
    return complain(`the command line, vacate-cli, is not installed here: ${wish}`);
  }
  if (found !== version) return complain(`this is ${version}, and the command line is ${found}: ${wish}`);
  return import.meta.resolve('vacate-cli');
}

function complain(sentence) {
  process.stderr.write(`vacate: ${sentence}\n`);
  process.exitCode = EXIT_USAGE;
  return null;
}

const url = commandLine();
if (url !== null) await import(url);
