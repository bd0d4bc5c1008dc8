import type { ServiceIdentifier } from 'inversify';
import type { PageType } from '../handler/define-page-type.js';

/** Every plugin of a run is bound to this. */
export const PageTypes: ServiceIdentifier<PageType> = Symbol.for('vacate/PageTypes');
