/** A flight of the example that every one of its views of flights takes. */
export function departedFlight(flightId: string) {
  return {
    flightId,
    origin: "SEA",
    destination: "SFO",
    scheduledAt: "2001-01-01T08:00",
    status: "DEPARTED",
    delay: 20,
    distance: 679,
  };
}
