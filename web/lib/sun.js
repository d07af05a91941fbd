// When the sun rises, to about two minutes: enough for "until morning".
// The sunrise equation with the Sun's mean anomaly and the equation of the centre, as almanacs give it.

const DAY_MS = 86_400_000;
const JULIAN_1970 = 2440587.5;
const JULIAN_2000 = 2451545;
const RADIANS = Math.PI / 180;
const HORIZON_DEGREES = -0.833;
const TILT_DEGREES = 23.4397;

/** @param {number} degrees */
const sin = (degrees) => Math.sin(degrees * RADIANS);
/** @param {number} degrees */
const cos = (degrees) => Math.cos(degrees * RADIANS);

/**
 * @param {number} day whole days since noon of 1 January 2000
 * @param {number} latitude degrees north
 * @param {number} longitude degrees east
 */
function sunriseOf(day, latitude, longitude) {
  const noon = day - longitude / 360;
  const anomaly = (357.5291 + 0.98560028 * noon) % 360;
  const centre = 1.9148 * sin(anomaly) + 0.02 * sin(2 * anomaly) + 0.0003 * sin(3 * anomaly);
  const ecliptic = (anomaly + centre + 180 + 102.9372) % 360;
  const transit = JULIAN_2000 + noon + 0.0053 * sin(anomaly) - 0.0069 * sin(2 * ecliptic);
  const declination = Math.asin(sin(ecliptic) * sin(TILT_DEGREES)) / RADIANS;
  const height = sin(HORIZON_DEGREES) - sin(latitude) * sin(declination);
  const half = Math.acos(height / (cos(latitude) * cos(declination))) / RADIANS;
  return (transit - half / 360 - JULIAN_1970) * DAY_MS;
}

/**
 * The next sunrise after an instant, in milliseconds; NaN where the sun does not rise.
 *
 * @param {number} nowMs
 * @param {number} latitude
 * @param {number} longitude
 */
export function nextSunrise(nowMs, latitude, longitude) {
  const today = Math.floor(nowMs / DAY_MS + JULIAN_1970 - JULIAN_2000);
  for (const day of [today, today + 1, today + 2]) {
    const rise = sunriseOf(day, latitude, longitude);
    if (!(rise <= nowMs)) return rise;
  }
  return NaN;
}
