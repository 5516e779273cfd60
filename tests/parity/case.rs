//! A contract and an isolation, and the hosts that serve its fixtures to the whole suite.

use std::sync::OnceLock;

use crate::support::{Host, Isolation, Response, Setup, guests, host};

/// The contracts, by the names that their fixtures begin with.
const CONTRACTS: [&str; 5] = ["native", "http02", "http03", "cgi", "cgi1"];

/// Apps with one small limit each: their names, their fixtures, and their limits.
const LIMITED: &[(&str, &str, &str)] = &[
    ("memory", "grow", "memory = '32MiB'"),
    ("cpu", "loop", "cpu = '200ms'"),
    ("wall", "sleep", "wall = '200ms'"),
    ("wall-input", "collect", "wall = '200ms'"),
    ("idle", "sleep", "idle = '200ms'"),
    ("idle-input", "collect", "idle = '200ms'"),
    ("body", "collect", "request-body = '1KiB'"),
    ("body-echo", "echo", "request-body = '1KiB'"),
    ("body-unread", "ignore-input", "request-body = '1KiB'"),
    ("head", "head", "response-head = '4KiB'"),
    ("fields", "head", "response-fields = 20"),
    (
        "queue",
        "sleep",
        "concurrency = 1\nqueue = 1\nqueue-wait = '20s'",
    ),
    (
        "queue-wait",
        "sleep",
        "concurrency = 1\nqueue = 9\nqueue-wait = '200ms'",
    ),
];

/// What a test is for.
pub(crate) struct Case {
    contract: &'static str,
    pub(crate) isolation: Isolation,
}

impl Case {
    pub(crate) fn new(contract: &'static str, isolation: Isolation) -> Self {
        assert!(CONTRACTS.contains(&contract), "{contract}");
        Self {
            contract,
            isolation,
        }
    }

    /// Whether the guest is a CGI program, in either of its forms.
    pub(crate) fn is_cgi(&self) -> bool {
        self.contract.starts_with("cgi")
    }

    /// Whether the guest is a CGI program as a core module.
    pub(crate) fn is_core_module(&self) -> bool {
        self.contract == "cgi1"
    }

    /// Whether one instance answers one request after the other.
    pub(crate) fn is_reused(&self) -> bool {
        self.isolation == Isolation::Reuse && !self.is_cgi()
    }

    /// The name of this contract's fixture.
    pub(crate) fn guest(&self, behaviour: &str) -> String {
        match self.contract {
            "native" => behaviour.to_owned(),
            contract => format!("{contract}-{behaviour}"),
        }
    }

    /// The target of this contract's fixture: `/hello?x` becomes `/http02-hello?x`.
    pub(crate) fn target(&self, target: &str) -> String {
        format!("/{}", self.guest(target.strip_prefix('/').unwrap()))
    }

    /// The host with all fixtures of this contract, shared by the suite.
    pub(crate) fn host(&self) -> &'static Host {
        if self.contract == "native" {
            return host::shared(self.isolation);
        }
        self.shared().get_or_init(|| {
            let guests = guests::of(self.contract);
            let setup = guests
                .iter()
                .fold(Setup::new(self.isolation), |setup, name| {
                    setup.app(name, "")
                });
            setup.start().ended_with_the_suite()
        })
    }

    /// The host on which each app has one small limit, shared by the suite.
    pub(crate) fn limited(&self) -> &'static Host {
        self.shared_limited().get_or_init(|| {
            let setup = LIMITED.iter().fold(
                Setup::new(self.isolation),
                |setup, (name, behaviour, limits)| {
                    let toml = format!("[app.limits]\n{limits}");
                    setup.mount(&format!("/{name}"), &self.guest(behaviour), &toml)
                },
            );
            setup.start().ended_with_the_suite()
        })
    }

    fn shared(&self) -> &'static OnceLock<Host> {
        static HOSTS: [OnceLock<Host>; 2 * CONTRACTS.len()] =
            [const { OnceLock::new() }; 2 * CONTRACTS.len()];
        &HOSTS[self.index()]
    }

    fn shared_limited(&self) -> &'static OnceLock<Host> {
        static HOSTS: [OnceLock<Host>; 2 * CONTRACTS.len()] =
            [const { OnceLock::new() }; 2 * CONTRACTS.len()];
        &HOSTS[self.index()]
    }

    fn index(&self) -> usize {
        let contract = CONTRACTS.iter().position(|name| *name == self.contract);
        2 * contract.unwrap() + usize::from(self.isolation == Isolation::Reuse)
    }

    /// A host of its own with one fixture, mounted at its name.
    pub(crate) fn alone(&self, behaviour: &str, toml: &str) -> Host {
        Setup::new(self.isolation)
            .app(&self.guest(behaviour), toml)
            .start()
    }

    /// Get this from the shared host.
    pub(crate) fn get(&self, target: &str) -> Response {
        self.host().get(&self.target(target))
    }
}

/// Shows what the shared hosts wrote if the test fails.
impl Drop for Case {
    fn drop(&mut self) {
        let hosts = [self.shared().get(), self.shared_limited().get()];
        for host in hosts.into_iter().flatten() {
            drop(host.show_on_failure());
        }
    }
}
