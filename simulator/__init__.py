"""A make-believe village: relays, loudspeakers, an access point and cameras, on the real wires."""
