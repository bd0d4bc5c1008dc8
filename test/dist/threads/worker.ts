import 'reflect-metadata';
import { parentPort, workerData } from 'node:worker_threads';
import { type AnyPart, offline, storeLate } from './roles.js';

/** A thread of a test: plays its part and posts what came of it. */
const part = workerData as AnyPart;
parentPort?.postMessage(part.role === 'offline' ? await offline(part) : storeLate(part));
