"""The figures of a road are counters; they must always be what counting would give."""

import random

from devices.models import Lit
from tests.unit.devices.world import World


async def test_counters_agree_with_counting_after_any_history(world: World) -> None:
    chance = random.Random(7)
    macs = [f"A0B1C2D3E2{n:02X}" for n in range(12)]
    lamps = {mac: await world.light(mac) for mac in macs}
    for _ in range(300):
        mac = chance.choice(macs)
        match chance.randrange(5):
            case 0:
                await world.devices.change(
                    lamps[mac], None, chance.choice((world.road, world.alley))
                )
            case 1:
                world.lose_broker()
                world.find_broker()
            case _:
                world.mqtt.press(mac.lower(), "POWER", chance.choice(("ON", "OFF")))
        for zone in (world.road, world.alley):
            assert world.devices.lit(zone) == counted(world, zone)


def counted(world: World, zone: str) -> Lit:
    lights = world.devices.list_devices("light", world.zones.members(zone))
    known = [light for light in lights if not light.state.stale and light.state.on is not None]
    return Lit(sum(1 for light in known if light.state.on), len(known), len(lights))
