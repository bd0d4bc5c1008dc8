import { definePageType } from 'vacate/handler';
import { HugetlbHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Huge pages of hugetlb: the page type that `vacate/plugins/hugetlb` exports. */
export default definePageType({
  name: 'hugetlb',
  api: 1,
  order: null,
  claims: 'huge pages that an operator has set aside (hugetlb), used or not, gigantic ones too',
  refusals,
  create: (pages) => new HugetlbHandler(pages),
});
