/** Stops what start-services.mjs started. */
export default async function stopServices() {
  await Promise.all((globalThis.millraceTestServices ?? []).map((service) => service?.stop()));
}
