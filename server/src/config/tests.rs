use super::*;

fn load(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&path, file).unwrap();
    Config::load(
        Some(path.path()),
        environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
    )
}

#[test]
fn defaults_serve_on_loopback_with_sqlite() {
    let config = Config::load(None, []).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(config.server.public_url.as_str(), "http://127.0.0.1:3000/");
    assert!(config.database.url.is_none());
    assert_eq!(config.probe.timeout, Duration::from_secs(3));
}

#[test]
fn the_environment_goes_over_the_file() {
    let config = load(
        "[server]\nlisten = '0.0.0.0:80'\n[platform]\nname = 'Acme'\n[probe]\nallow_ports = [8080]",
        &[
            ("RAMPART_PLATFORM_NAME", "Other"),
            ("RAMPART_PROBE_ALLOW_NETWORKS", "10.0.0.0/8, 127.0.0.0/8"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.platform.name, "Other");
    assert_eq!(config.probe.allow_ports, [8080]);
    assert_eq!(config.probe.allow_networks.len(), 2);
}

#[test]
fn all_problems_are_listed_at_once() {
    let error = load(
        "[server]\nlisten = 3000\npublic_url = 'https://a.example/path'\n[databse]\npath = 'x'\n[probe]\nallow_networks = '10.0.0.0/8'\nconfirm_attempts = 7\n[log]\nformat = 'xml'",
        &[("RAMPART_MAIL_RELAY", "http://x"), ("RAMPART_SERVER_LISTN", "y")],
    )
    .unwrap_err();
    insta::assert_snapshot!(error.to_string(), @r#"
    the configuration has 8 problem(s):
      server.listen: must be an address with a port such as 127.0.0.1:3000, not a number
      server.public_url: must be http(s)://host[:port] without a path
      RAMPART_MAIL_RELAY: must be smtp://host:port or smtps://user:password@host
      probe.confirm_attempts: must be 1 or 2
      probe.allow_networks: must be a list, not a text
      log.format: must be text or json, not "xml"
      databse.path: there is no such setting; did you mean database.path?
      RAMPART_SERVER_LISTN: there is no such setting; did you mean RAMPART_SERVER_LISTEN?
    "#);
}

#[test]
fn secrets_are_not_shown() {
    let config = Config::load(
        None,
        [(
            "RAMPART_DATABASE_URL".to_owned(),
            "postgres://me:hunter2@db/x".to_owned(),
        )],
    )
    .unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn canaries_are_a_few_plain_urls() {
    let canaries = |list: &str| load(&format!("[probe]\ncanaries = [{list}]"), &[]).map(|c| c.probe.canaries);
    let given = canaries("'http://127.0.0.1:8080/health', 'https://example.com'").unwrap();
    assert_eq!(given.len(), 2);
    assert!(Config::load(None, []).unwrap().probe.canaries.is_empty());
    for wrong in [
        "'ftp://example.com'",
        "'https://me:hunter2@example.com'",
        "'https://me@example.com'",
    ] {
        let error = canaries(wrong).unwrap_err().to_string();
        assert!(
            error.contains("probe.canaries: must be http(s)://host") && !error.contains("hunter2"),
            "{error}"
        );
    }
    let error = canaries(&["'https://example.com'"; 11].join(",")).unwrap_err();
    assert!(error.to_string().contains("10 URLs at most"), "{error}");
}

#[test]
fn a_metrics_token_is_long_and_not_shown() {
    let load = |token: &str| load("", &[("RAMPART_METRICS_TOKEN", token)]);
    assert!(load("fifteen-letters").unwrap_err().to_string().contains("at least 16"));
    assert!(load("sixteen letters or more").is_err(), "a header could not carry it");
    let config = load("sixteen-letters!").unwrap();
    assert!(!format!("{config:?}").contains("sixteen"));
    assert_eq!(config.metrics.token.unwrap().0, "sixteen-letters!");
}

#[test]
fn a_key_for_secrets_is_given_or_in_a_file_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let file = file.to_str().unwrap();
    let key = "c2VjcmV0cyBvZiB0ZXN0cyBhcmUga25vd24gdG8gYWw=";
    std::fs::write(file, format!("{key}\n")).unwrap();
    assert!(Config::load(None, []).unwrap().secrets.key.is_none());
    let given = load("", &[("RAMPART_SECRETS_KEY", key)]).unwrap();
    let from_file = load(&format!("[secrets]\nkey_file = '{file}'"), &[]).unwrap();
    assert_eq!(
        given.secrets.key.as_ref().unwrap().id(),
        from_file.secrets.key.unwrap().id()
    );
    assert!(!format!("{given:?}").contains(key));

    let wrong = |settings: &[(&str, &str)]| load("", settings).unwrap_err().to_string();
    let said = wrong(&[("RAMPART_SECRETS_KEY", "hunter2")]);
    assert!(
        said.contains("32 random bytes in base64") && !said.contains("hunter2"),
        "{said}"
    );
    assert!(wrong(&[("RAMPART_SECRETS_KEY_FILE", "/nowhere")]).contains("/nowhere cannot be read"));
    assert!(wrong(&[("RAMPART_SECRETS_KEY", key), ("RAMPART_SECRETS_KEY_FILE", file)]).contains("together"));
    std::fs::write(file, "hunter2").unwrap();
    let said = wrong(&[("RAMPART_SECRETS_KEY_FILE", file)]);
    assert!(said.contains(file) && !said.contains("hunter2"), "{said}");
}

#[test]
fn an_unreadable_file_is_a_problem() {
    let error = Config::load(Some(Path::new("/does/not/exist.toml")), []).unwrap_err();
    assert_eq!(error.0.len(), 1);
    assert!(
        error.to_string().contains("/does/not/exist.toml: cannot be read"),
        "{error}"
    );
}
