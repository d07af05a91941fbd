import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_hub_side_of_cameras_loads_no_codec() -> None:
    program = "import sys, camera.service; print(sorted({'av', 'cv2', 'numpy'} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
