"""The demo EHR: a simulator that launches the app on synthetic patients, and the honest server of the HTTP tests."""

from smartapp.demo_ehr.clients import AuthMethod, DemoClient
from smartapp.demo_ehr.faults import Faults
from smartapp.demo_ehr.server import create_demo_ehr

__all__ = ["AuthMethod", "DemoClient", "Faults", "create_demo_ehr"]
