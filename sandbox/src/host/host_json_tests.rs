//! host.json: what is read, what a setting overrides, what is refused (SOURCES 1.1, 2.3, 4, 8).

use super::*;

const GOOD: &str = r#"{"version":"2.0","functionTimeout":"00:10:00",
    "extensionBundle":{"id":"Microsoft.Azure.Functions.ExtensionBundle","version":"[4.*, 5.0.0)"},
    "extensions":{"http":{"routePrefix":""},
        "queues":{"batchSize":8,"maxPollingInterval":"00:00:05","visibilityTimeout":"00:00:30","messageEncoding":"none"}},
    "customHandler":{"description":{"defaultExecutablePath":"dcaas","arguments":["serve"]},"enableProxyingHttpRequest":true}}"#;

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_good_file_is_read_with_the_hosts_defaults() {
    let host = read(GOOD, &settings(&[])).unwrap();
    assert_eq!((host.executable.as_str(), host.arguments.as_slice()), ("dcaas", &["serve".to_owned()][..]));
    assert_eq!(host.initialization, Duration::from_secs(30));
    assert_eq!(host.timeout, Some(Duration::from_secs(600)));
    assert!(host.proxying && host.bundle && host.stderr_is_errors && host.route_prefix.is_empty());
    let queues = Queues {
        batch: 8,
        threshold: 4,
        longest_pause: Duration::from_secs(5),
        visibility: Duration::from_secs(30),
        max_dequeue: 5,
        base64: false,
    };
    assert_eq!(host.queues, queues);
}

#[test]
fn a_setting_overrides_a_value_whatever_its_case() {
    let host = read(
        GOOD,
        &settings(&[
            ("AzureFunctionsJobHost__customHandler__description__defaultExecutablePath", "other"),
            ("AzureFunctionsJobHost__extensions__queues__BATCHSIZE", "1"),
            ("AzureFunctionsJobHost__functionTimeout", "-1"),
        ]),
    )
    .unwrap();
    assert_eq!(
        (host.executable.as_str(), host.queues.batch, host.queues.threshold, host.timeout),
        ("other", 1, 0, None)
    );
}

#[test]
fn what_the_host_would_refuse_or_this_one_does_not_know_is_refused_by_name() {
    for (from, to, says) in [
        (r#""version":"2.0""#, r#""version":"1.0""#, "version"),
        (r#""version":"2.0""#, r#""version":"2.0","healthMonitor":{}"#, "healthMonitor"),
        (r#""version":"2.0""#, r#""version":"2.0","retry":{"strategy":"fixedDelay"}"#, "retry"),
        ("enableProxyingHttpRequest", "enableForwardingHttpRequest", "enableForwardingHttpRequest"),
        (r#""defaultExecutablePath":"dcaas""#, r#""defaultExecutablePath":"""#, "defaultExecutablePath"),
        ("[4.*, 5.0.0)", "[3.*, 4.0.0)", "extensionBundle"),
        ("\"batchSize\":8", "\"batchSize\":33", "batchSize"),
        ("00:00:05", "5", "maxPollingInterval"),
        (r#""messageEncoding":"none""#, r#""messageEncoding":"utf8""#, "messageEncoding"),
        (r#""routePrefix":"""#, r#""routePrefix":"","maxConcurrentRequests":1"#, "maxConcurrentRequests"),
    ] {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD, "{from}");
        let error = read(&text, &settings(&[])).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
