/** What is served at the group's addresses, and what the client has. `behind`: handed on to a container on the same host. */
export const overlapPorts = { udp: 5999, tcp: 6000, behind: 7000, sink: 5998, closed: 5997 } as const;
